// Where things go on a line, when each would like to be somewhere and they must keep apart.

/**
 * Positions nearest to `wishes` (the sum of squares is least) whose order is that of the list and whose
 * distances are at least `apart[i]` between i and i + 1. By pooling of adjacent violators: linear.
 */
export function spread(wishes: readonly number[], apart: readonly number[]): number[] {
  const offsets: number[] = [];
  for (let i = 0, sum = 0; i < wishes.length; sum += apart[i++] ?? 0) offsets.push(sum);

  const pools: { sum: number; size: number }[] = [];
  for (const [i, wish] of wishes.entries()) {
    let pool = { sum: wish - (offsets[i] ?? 0), size: 1 };
    for (
      let last = pools.at(-1);
      last && last.sum / last.size > pool.sum / pool.size;
      last = pools.at(-1)
    ) {
      pool = { sum: pool.sum + last.sum, size: pool.size + last.size };
      pools.pop();
    }
    pools.push(pool);
  }
  const at: number[] = [];
  for (const { sum, size } of pools) {
    for (let i = 0; i < size; i++) at.push(sum / size + (offsets[at.length] ?? 0));
  }
  return at;
}
