/**
 * Does work on each of some items, a few of them at once. After a fault no other one is begun, and
 * those under way come to their end.
 *
 * @returns In the order in which they were done.
 */
export async function eachAtOnce<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const faults: unknown[] = [];
  const waiting = items.values();
  const takeNext = async () => {
    for (const item of waiting) {
      if (faults.length > 0) return;
      try {
        results.push(await work(item));
      } catch (error) {
        faults.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, takeNext));
  if (faults.length > 0) throw faults[0];
  return results;
}
