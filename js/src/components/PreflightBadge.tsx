import { Button } from '@jupyterlab/ui-components';
import type { PreflightReport } from '../api/wire';
import { useTrans } from '../translation';
import { Chip } from './Marks';

interface IPreflightBadgeProps {
  report: PreflightReport | undefined;
  failed: boolean;
  onOpen: () => void;
}

/** Say in a word whether the course will work; opens the report. */
export function PreflightBadge({ report, failed, onOpen }: IPreflightBadgeProps): JSX.Element {
  const trans = useTrans();
  return (
    <Button minimal className="jp-Hubgrade-badge" onClick={onOpen} title={trans.__('Show the preflight report')}>
      {verdict()}
    </Button>
  );

  function verdict() {
    if (!report) {
      return failed ? (
        <Chip tone="warning">{trans.__('The checks could not run')}</Chip>
      ) : (
        <Chip tone="none">{trans.__('Checking')}</Chip>
      );
    }
    if (report.errors > 0) {
      return (
        <Chip tone="error">{trans._n('%1 problem', '%1 problems', report.errors)}</Chip>
      );
    }
    if (report.warnings > 0) {
      return (
        <Chip tone="warning">{trans._n('%1 warning', '%1 warnings', report.warnings)}</Chip>
      );
    }
    return <Chip tone="ok">{trans.__('Ready')}</Chip>;
  }
}
