import { Faces } from '../components/Faces';
import { PreflightList } from '../components/PreflightList';
import { useHubgrade, usePreflight } from '../hooks';

/** Whether the course will work. */
export function PreflightTab({ course }: { course: string }): JSX.Element {
  const { acts } = useHubgrade();
  const page = usePreflight(course);
  return (
    <Faces
      data={page.data}
      error={page.error}
      rows={6}
      onRetry={() => void page.refetch()}
      onCopy={failure => void acts.copyReport(failure)}
    >
      {report => (
        <PreflightList
          report={report}
          checking={page.isFetching}
          onCheck={() => void page.refetch()}
          onCopy={(text, said) => void acts.copy(text, said)}
        />
      )}
    </Faces>
  );
}
