// What a promotion changes, as a list by area; for screen readers and eyes alike a sign and a word.

import type { Deployment } from '../api/gen/v1';
import { type Change, changes } from '../lib/diff';

const SIGNS = { added: '+', removed: '−', changed: '≠' } as const;

export function ChangeList({ from, to }: { from: Deployment | undefined; to: Deployment }) {
  const all = changes(from, to);
  if (from && from.bundle !== '' && from.bundle === to.bundle) {
    return <p class="muted">Both are the same bundle.</p>;
  }
  if (all.length === 0) {
    return (
      <p class="muted">Contract, chainlets, resources and scaling are the same; code may differ.</p>
    );
  }
  const areas = new Map<string, Change[]>();
  for (const one of all) areas.set(one.area, [...(areas.get(one.area) ?? []), one]);
  return (
    <dl class="change-list">
      {[...areas].map(([area, rows]) => (
        <div key={area}>
          <dt>{area}</dt>
          <dd>
            <ul>
              {rows.slice(0, 12).map((row) => (
                <li key={row.what + row.how} class={row.kind}>
                  <span class="sign" title={row.kind}>
                    {SIGNS[row.kind]}
                  </span>
                  <span>
                    <span class="only-read">{row.kind} </span>
                    <span class="mono">{row.what}</span> <span class="muted">{row.how}</span>
                  </span>
                </li>
              ))}
              {rows.length > 12 && <li class="muted">and {rows.length - 12} more</li>}
            </ul>
          </dd>
        </div>
      ))}
    </dl>
  );
}
