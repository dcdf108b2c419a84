/** The two widgets, side panel and course page: React inside, Lumino outside. */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { type ISignal, Signal } from '@lumino/signaling';
import { QueryClientProvider } from '@tanstack/react-query';
import { type ReactElement, useSyncExternalStore } from 'react';
import { HubgradeContext, VisibleContext } from './hooks';
import { hubgradeIcon } from './icons';
import { type IChoice, type IPlace, START } from './state';
import type { IHubgrade } from './tokens';
import { TransContext } from './translation';
import { PageView } from './views/PageView';
import { PanelView } from './views/PanelView';

/** A widget that knows whether it is on the screen; its views fetch nothing while it is not. */
abstract class HubgradeWidget extends ReactWidget {
  constructor(protected readonly hubgrade: IHubgrade) {
    super();
    this.addClass('jp-Hubgrade-widget');
    this.title.icon = hubgradeIcon;
  }

  protected abstract view(): ReactElement;

  render(): ReactElement {
    return (
      <QueryClientProvider client={this.hubgrade.model.queries}>
        <HubgradeContext.Provider value={this.hubgrade}>
          <TransContext.Provider value={this.hubgrade.trans}>
            <VisibleContext.Provider value={this.isVisible}>{this.view()}</VisibleContext.Provider>
          </TransContext.Provider>
        </HubgradeContext.Provider>
      </QueryClientProvider>
    );
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.update();
  }
}

/** The side panel. */
export class SidePanel extends HubgradeWidget {
  constructor(hubgrade: IHubgrade) {
    super(hubgrade);
    this.id = 'hubgrade-panel';
    this.title.caption = hubgrade.trans.__('Hubgrade');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', hubgrade.trans.__('Hubgrade'));
  }

  protected view(): ReactElement {
    return <PanelView />;
  }
}

/** The course page. */
export class CoursePage extends HubgradeWidget {
  constructor(
    hubgrade: IHubgrade,
    private readonly linkOf: (query: string) => string
  ) {
    super(hubgrade);
    this.title.label = hubgrade.trans.__('Course');
    hubgrade.chosen.changed.connect(this.follow, this);
  }

  get place(): IPlace {
    return this._place;
  }

  get placeChanged(): ISignal<this, IPlace> {
    return this._placeChanged;
  }

  /** Go to a place; what is left out stays as it is. Its course becomes the chosen one: the panel shows it too. */
  go(change: Partial<IPlace>): void {
    this._place = { ...this._place, ...change };
    this._placeChanged.emit(this._place);
    const { course_key } = this._place;
    if (course_key && course_key !== this.hubgrade.chosen.value.course_key) {
      this.hubgrade.chosen.set({ course_key });
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    super.dispose();
    Signal.clearData(this);
  }

  protected view(): ReactElement {
    return <PlacedPage page={this} linkOf={this.linkOf} />;
  }

  /** Go to the course that was chosen elsewhere. */
  private readonly follow = (_: unknown, { course_key }: IChoice): void => {
    if (course_key && this._place.course_key && course_key !== this._place.course_key) {
      this.go({ ...START, course_key, tab: this._place.tab });
    }
  };

  private _place: IPlace = START;
  private readonly _placeChanged = new Signal<this, IPlace>(this);
}

interface IPlacedPageProps {
  page: CoursePage;
  linkOf: (query: string) => string;
}

/** Follow the page's place within React, so that what is typed into a filter is there at once. */
function PlacedPage({ page, linkOf }: IPlacedPageProps): JSX.Element {
  const place = useSyncExternalStore(
    notify => {
      page.placeChanged.connect(notify);
      return () => void page.placeChanged.disconnect(notify);
    },
    () => page.place
  );
  return <PageView place={place} onGo={change => page.go(change)} linkOf={linkOf} />;
}
