import { InputGroup } from '@jupyterlab/ui-components';
import { Faces } from '../components/Faces';
import { SettingsList } from '../components/SettingsList';
import { useConfig, useHubgrade } from '../hooks';

interface ISettingsTabProps {
  course: string;
  filter: string;
  onFilter: (text: string) => void;
}

/** The course's effective configuration. */
export function SettingsTab({ course, filter, onFilter }: ISettingsTabProps): JSX.Element {
  const { acts, trans } = useHubgrade();
  const page = useConfig(course);
  return (
    <Faces
      data={page.data}
      error={page.error}
      rows={8}
      onRetry={() => void page.refetch()}
      onCopy={failure => void acts.copyReport(failure)}
    >
      {config => (
        <>
          <div className="jp-Hubgrade-toolbar">
            <InputGroup
              type="search"
              aria-label={trans.__('Filter settings')}
              placeholder={trans.__('Filter by name, value or file')}
              value={filter}
              rightIcon="ui-components:search"
              onChange={event => onFilter(event.target.value)}
            />
          </div>
          <SettingsList page={config} filter={filter} />
        </>
      )}
    </Faces>
  );
}
