/**
 * The results of `work` in the order of `items`, at most `limit` of them under way at a time. Rejects with the first
 * error; nothing new is begun after it.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = new Array(items.length);
  const remaining = items.entries();
  let broken = false;
  const worker = async () => {
    for (const [index, item] of remaining) {
      if (broken) return;
      results[index] = await work(item).catch((error: unknown) => {
        broken = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
