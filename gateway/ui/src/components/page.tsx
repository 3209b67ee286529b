// The page that the address names, below its heading; of a chain, below the chain's name and tabs.
import { useEffect } from 'preact/hooks';
import { list, listError, refreshList } from '../api/chains';
import { type Target, targetNames, targetOf } from '../api/target';
import { type ChainPage, chainPages, globalPages } from '../pages/registry';
import { go, href, link, match, where } from '../router';
import { StateBadge } from './badge';
import { Select } from './field';
import { Lazy } from './lazy';
import { Empty, Problem, Skeleton } from './say';

const CHAIN = '/chain/:chain/:target';

export function Page() {
  const { path, query } = where.value;
  for (const page of globalPages) {
    const params = match(page.path === '/' ? '' : page.path, path);
    if (params) {
      return (
        <>
          <Head title={page.title} />
          <Lazy load={page.load} props={{ params, query }} />
        </>
      );
    }
  }
  for (const page of chainPages) {
    const params = match(page.path ? `${CHAIN}/${page.path}` : CHAIN, path);
    if (params) return <OfChain page={page} params={params} query={query} />;
  }
  return (
    <>
      <Head title="No such page" />
      <Empty title="Nothing is here">
        The address <code>#{path}</code> belongs to no page. <a href="#/">To the overview</a>
      </Empty>
    </>
  );
}

function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Chains`;
  }, [title]);
}

function Head({ title }: { title: string }) {
  useTitle(title);
  return (
    <div class="page-head">
      <h1 tabIndex={-1}>{title}</h1>
    </div>
  );
}

interface OfChainProps {
  page: ChainPage;
  params: Record<string, string>;
  query: URLSearchParams;
}

function OfChain({ page, params, query }: OfChainProps) {
  const { chain = '', target: name = '' } = params;
  useTitle(`${page.title}, ${chain} ${name}`);
  const all = list.value;
  const target = all && targetOf(all, chain, name);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>
          {chain}
          <span class="only-read">, {page.title}</span>
        </h1>
        {all && (
          <Select
            quiet
            label="Environment or deployment"
            value={name}
            options={choices(targetNames(all, chain), name)}
            onChange={(to) => go(pathOf(page, chain, to))}
          />
        )}
        {target?.deployment && <StateBadge state={target.deployment.state} />}
      </div>
      <nav class="tabs" aria-label={`Of ${chain}`}>
        {chainPages.map((one) => (
          <a
            key={one.path}
            href={href(pathOf(one, chain, name))}
            aria-current={one === page ? 'page' : undefined}
          >
            {one.title}
          </a>
        ))}
      </nav>
      <Body page={page} target={target} params={params} query={query} />
    </>
  );
}

function Body({ page, target, params, query }: OfChainProps & { target: Target | undefined }) {
  if (!list.value) {
    const error = listError.value;
    return error ? (
      <Problem
        error={error}
        what="The chains could not be read."
        retry={() => refreshList().catch(() => {})}
      />
    ) : (
      <Skeleton lines={6} height={28} />
    );
  }
  if (!target) {
    return (
      <Empty
        title={`${params.chain} has no ${params.target}`}
        command={`chains push ${params.chain}`}
      >
        There is no environment or deployment of this name. <a href="#/">To the overview</a>
      </Empty>
    );
  }
  return <Lazy load={page.load} props={{ target, params, query }} />;
}

function pathOf(page: ChainPage, chain: string, target: string): string {
  const base = link('/chain', chain, target);
  return page.path ? `${base}/${page.path}` : base;
}

function choices(names: string[], current: string): [string, string][] {
  const all = names.includes(current) ? names : [...names, current];
  return all.map((name) => [name, name]);
}
