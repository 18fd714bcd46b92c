/**
 * What cip said on standard error about failures: `reason` of each, and `reason file:line:column` of those that have a
 * place, sorted. Paths are those that were printed.
 */
export function complaintsIn(stderr: string): readonly string[] {
  const complaints: string[] = [];
  let isError = false;
  for (const line of stderr.split('\n')) {
    const [, level, reason] = /^(error|warning|notice)\[([a-z0-9-]+)\]: /.exec(line) ?? [];
    if (level !== undefined) isError = level === 'error';
    if (reason !== undefined && isError) complaints.push(reason);
    const place = /^ +--> (.+:\d+:\d+)$/.exec(line)?.[1];
    if (place !== undefined && isError) complaints.push(`${complaints.pop()} ${place}`);
  }
  return complaints.sort();
}
