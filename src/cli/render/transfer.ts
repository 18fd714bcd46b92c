import type { TransferReport } from '../../orchestrator/publish/transfer.ts';

/** What became of each image, and how many tags were set: `1 copied, 2 there with different content, 2 tags set`. */
export function transferCounts(report: TransferReport): string {
  const { tags } = report;
  const parts: [number, string][] = [
    [report.copied.length, 'copied'],
    [report.present.length, 'there already'],
    [report.missing.length, 'missing in the source'],
    [report.conflicts.length, 'there with different content'],
    [report.failed.length, 'failed'],
    [report.notCopied.length, 'not copied'],
    [tags.length, tags.length === 1 ? 'tag set' : 'tags set'],
  ];
  return parts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])).join(', ') || 'no images';
}
