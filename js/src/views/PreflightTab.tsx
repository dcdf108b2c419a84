import { Faces } from '../components/Faces';
import { FixHistory } from '../components/FixHistory';
import { PreflightList } from '../components/PreflightList';
import { useFixes, useHubgrade, useNow, usePreflight } from '../hooks';

/** Whether the course will work, and what hubgrade has mended of it. */
export function PreflightTab({ course }: { course: string }): JSX.Element {
  const { acts } = useHubgrade();
  const now = useNow();
  const page = usePreflight(course);
  const fixes = useFixes(course);
  return (
    <Faces
      data={page.data}
      error={page.error}
      rows={6}
      onRetry={() => void page.refetch()}
      onCopy={failure => void acts.copyReport(failure)}
    >
      {report => (
        <div className="jp-Hubgrade-column">
          <PreflightList
            report={report}
            checking={page.checking}
            onCheck={() => void page.refetch()}
            onFix={finding => void acts.fix(course, finding.check_id)}
            onCopy={(text, said) => void acts.copy(text, said)}
          />
          <FixHistory
            fixes={fixes.data?.fixes ?? []}
            now={now}
            onUndo={record => acts.undoFix(course, record)}
          />
        </div>
      )}
    </Faces>
  );
}
