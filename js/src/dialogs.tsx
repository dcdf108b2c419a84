/** Ask a question in a modal dialog and wait for the answer. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactElement } from 'react';
import { createRoot } from 'react-dom/client';
import { TransContext } from './translation';

/** Close the dialog with an answer; null when it was dismissed. */
export type Close<T> = (answer: T | null) => void;

export class Dialogs {
  constructor(
    private readonly trans: TranslationBundle,
    private readonly host: HTMLElement = document.body
  ) {}

  /** Show a dialog until it is answered; the focus goes back to where it was. */
  ask<T>(dialog: (close: Close<T>) => ReactElement): Promise<T | null> {
    const before = document.activeElement;
    const node = document.createElement('div');
    node.className = 'jp-Hubgrade-dialogs';
    this.host.appendChild(node);
    const root = createRoot(node);
    return new Promise(resolve => {
      const close: Close<T> = answer => {
        // not within React's own rendering, and only once
        setTimeout(() => {
          root.unmount();
          node.remove();
          if (before instanceof HTMLElement && before.isConnected) {
            before.focus();
          }
        });
        resolve(answer);
      };
      root.render(<TransContext.Provider value={this.trans}>{dialog(close)}</TransContext.Provider>);
    });
  }
}
