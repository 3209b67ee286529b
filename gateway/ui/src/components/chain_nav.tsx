// The chains, each with how its worst deployment in use is.
import { list } from '../api/chains';
import type { ListResponse } from '../api/gen/v1';
import { chainNames, firstTarget } from '../api/target';
import { href, link, where } from '../router';
import { Dot, type Tone, toneOf } from './badge';

/** Of what environments point at, and of the development deployment. */
export function toneOfChain(all: ListResponse, chain: string): Tone {
  const used = all.deployments.filter(
    (one) => one.chain === chain && (one.development || one.environments.length > 0),
  );
  const tones = used.map((one) => toneOf(one.state));
  return (['bad', 'warn', 'accent', 'ok'] as const).find((tone) => tones.includes(tone)) ?? 'quiet';
}

const WORDS: Record<Tone, string> = {
  ok: 'active',
  bad: 'not healthy',
  warn: 'waits',
  accent: 'starting',
  quiet: 'asleep',
};

export function ChainNav() {
  const all = list.value;
  if (!all) return null;
  const here = where.value.path.split('/');
  const current = here[1] === 'chain' ? decodeURIComponent(here[2] ?? '') : '';
  return (
    <>
      {chainNames(all).map((chain) => {
        const tone = toneOfChain(all, chain);
        const target = firstTarget(all, chain) ?? 'production';
        return (
          <a
            key={chain}
            href={href(link('/chain', chain, target))}
            aria-current={current === chain ? 'page' : undefined}
          >
            <Dot tone={tone} />
            <span class="ellipsis">{chain}</span>
            <span class="only-read">{WORDS[tone]}</span>
          </a>
        );
      })}
    </>
  );
}
