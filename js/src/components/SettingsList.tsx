import type { ConfigPage, Setting } from '../api/wire';
import { useTrans } from '../translation';
import { Chip } from './Marks';

interface ISettingsListProps {
  page: ConfigPage;
  filter: string;
}

/** The settings in effect, each with the file that set it; keys that nbgrader does not know first. */
export function SettingsList({ page, filter }: ISettingsListProps): JSX.Element {
  const trans = useTrans();
  const wanted = filter.trim().toLocaleLowerCase();
  const shown = page.settings.filter(({ name, value, source }) =>
    `${name} ${value} ${source ?? ''}`.toLocaleLowerCase().includes(wanted)
  );
  // what somebody set is what one looks for; nbgrader's defaults follow
  const sorted = [...shown].sort((a, b) => Number(a.source === null) - Number(b.source === null));
  return (
    <div className="jp-Hubgrade-column">
      {page.unknown.length > 0 && (
        <section className="jp-Hubgrade-section" aria-label={trans.__('Unknown settings')}>
          <h3>{trans.__('Unknown settings')}</h3>
          {page.unknown.map(({ name, source, suggestion }) => (
            <article key={`${source} ${name}`} className="jp-Hubgrade-finding">
              <div className="jp-Hubgrade-line">
                <Chip tone="warning">{trans.__('Not known to nbgrader')}</Chip>
                <code>{name}</code>
              </div>
              {suggestion && <p>{trans.__('Perhaps %1 is meant.', suggestion)}</p>}
              <p className="jp-Hubgrade-muted">{source}</p>
            </article>
          ))}
        </section>
      )}
      <section className="jp-Hubgrade-section" aria-label={trans.__('Settings')}>
        <h3>{trans.__('Settings in effect')}</h3>
        <table className="jp-Hubgrade-table jp-Hubgrade-settings" aria-label={trans.__('Settings in effect')}>
          <thead>
            <tr>
              <th scope="col">{trans.__('Setting')}</th>
              <th scope="col">{trans.__('Value')}</th>
              <th scope="col">{trans.__('Set by')}</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map(setting => (
              <Row key={setting.name} setting={setting} />
            ))}
          </tbody>
        </table>
      </section>
      <section className="jp-Hubgrade-section" aria-label={trans.__('Files')}>
        <h3>{trans.__('Files, later ones win')}</h3>
        <Files files={page.files.filter(file => file.exists)} />
        <details>
          <summary>{trans.__('Where nbgrader looked and found no file')}</summary>
          <Files files={page.files.filter(file => !file.exists)} />
        </details>
      </section>
    </div>
  );
}

function Files({ files }: { files: ConfigPage['files'] }): JSX.Element {
  const trans = useTrans();
  const levels = { system: trans.__('system'), user: trans.__('user'), course: trans.__('course') };
  return (
    <ol className="jp-Hubgrade-list">
      {files.map(file => (
        <li key={`${file.level} ${file.path}`}>
          <Chip tone={file.error ? 'error' : file.exists ? 'ok' : 'none'}>{levels[file.level]}</Chip>{' '}
          <code>{file.path}</code> <span className="jp-Hubgrade-muted">{file.error}</span>
        </li>
      ))}
    </ol>
  );
}

function Row({ setting }: { setting: Setting }): JSX.Element {
  const trans = useTrans();
  return (
    <tr>
      <th scope="row" title={setting.help || undefined}>
        <code>{setting.name}</code>
      </th>
      <td>
        <code>{setting.value}</code>
      </td>
      <td>
        {setting.source ?? <span className="jp-Hubgrade-muted">{trans.__("nbgrader's default")}</span>}
        {setting.overrides.map(({ path, value }) => (
          <div key={path} className="jp-Hubgrade-facts">
            {value === setting.value || value === setting.written
              ? trans.__('the same in %1', path)
              : trans.__('overrides %1 from %2', value, path)}
          </div>
        ))}
      </td>
    </tr>
  );
}
