// The order within layers, so that few lines cross: layer after layer takes the order of its neighbours'
// mean places, forth and back, and the best of all is kept (Sugiyama, Tagawa and Toda, 1981).

/** Cells by layer; `joins` connect cells of layers that follow each other. */
export interface Layers {
  layers: number[][];
  up: number[][]; // of each cell: its neighbours in the layer before
  down: number[][];
}

const SWEEPS = 8;

export function ordered({ layers, up, down }: Layers): number[][] {
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(best, down);
  const now = best.map((layer) => [...layer]);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    if (sweep % 2 === 0) for (let i = 1; i < now.length; i++) arrange(now, i, i - 1, up);
    else for (let i = now.length - 2; i >= 0; i--) arrange(now, i, i + 1, down);
    const count = crossings(now, down);
    if (count < fewest) {
      fewest = count;
      best = now.map((layer) => [...layer]);
    }
  }
  return best;
}

/** Sorts layer `i` by the mean places of neighbours in layer `beside`; who has none stays. */
function arrange(layers: number[][], i: number, beside: number, neighbours: number[][]): void {
  const place = new Map((layers[beside] ?? []).map((cell, at) => [cell, at]));
  const layer = layers[i] ?? [];
  const wish = new Map(
    layer.map((cell, at) => {
      const of = (neighbours[cell] ?? []).map((n) => place.get(n) ?? 0);
      return [cell, of.length > 0 ? of.reduce((a, b) => a + b, 0) / of.length : at];
    }),
  );
  layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
}

/** How many pairs of lines cross. */
export function crossings(layers: readonly number[][], down: number[][]): number {
  let count = 0;
  for (let i = 0; i + 1 < layers.length; i++) {
    const place = new Map((layers[i + 1] ?? []).map((cell, at) => [cell, at]));
    const ends: number[] = [];
    for (const cell of layers[i] ?? []) {
      const to = (down[cell] ?? []).map((n) => place.get(n) ?? 0).sort((a, b) => a - b);
      for (const end of to) for (const before of ends) if (before > end) count++;
      ends.push(...to);
    }
  }
  return count;
}
