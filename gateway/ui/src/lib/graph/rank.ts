// Who stands in which layer: callees behind all their callers, as near to them as that permits.

export interface Link {
  from: string;
  to: string;
}

/** Links that lead back to where one came from, by their index: what to leave out for there to be no circle. */
export function backLinks(nodes: readonly string[], links: readonly Link[]): Set<number> {
  const out = new Map<string, number[]>(nodes.map((node) => [node, []]));
  for (const [i, link] of links.entries()) out.get(link.from)?.push(i);
  const state = new Map<string, 'open' | 'done'>();
  const back = new Set<number>();
  const visit = (node: string) => {
    state.set(node, 'open');
    for (const i of out.get(node) ?? []) {
      const to = (links[i] as Link).to;
      if (state.get(to) === 'open') back.add(i);
      else if (!state.has(to)) visit(to);
    }
    state.set(node, 'done');
  };
  for (const node of nodes) if (!state.has(node)) visit(node);
  return back;
}

/** The layer of each node, from 0: the longest way to it. `links` have no circle. */
export function ranks(nodes: readonly string[], links: readonly Link[]): Map<string, number> {
  const before = new Map<string, number>(nodes.map((node) => [node, 0]));
  const out = new Map<string, string[]>(nodes.map((node) => [node, []]));
  for (const { from, to } of links) {
    out.get(from)?.push(to);
    before.set(to, (before.get(to) ?? 0) + 1);
  }
  const rank = new Map<string, number>(nodes.map((node) => [node, 0]));
  const ready = nodes.filter((node) => before.get(node) === 0);
  for (let node = ready.shift(); node !== undefined; node = ready.shift()) {
    for (const to of out.get(node) ?? []) {
      rank.set(to, Math.max(rank.get(to) ?? 0, (rank.get(node) ?? 0) + 1));
      const left = (before.get(to) ?? 0) - 1;
      before.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  return rank;
}
