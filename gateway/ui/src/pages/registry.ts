// All pages. To add one: a folder here with a default export, and a row below. A page is fetched when it
// is first gone to.
//
// Pages of a chain are tabs below its name and get its target; the others stand in the navigation
// where they have `nav`.
import type { ComponentType } from 'preact';
import type { Target } from '../api/target';
import type { IconName } from '../components/icon';

export interface PageProps {
  /** The named parts of the path, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
}
export interface ChainPageProps extends PageProps {
  target: Target;
}

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

interface Row<P> {
  title: string;
  icon: IconName;
  load: Load<P>;
}

export interface GlobalPage extends Row<PageProps> {
  path: string;
  nav?: boolean;
}

/** Below "/chain/:chain/:target". */
export interface ChainPage extends Row<ChainPageProps> {
  /** The rest of the path: "" or "logs". */
  path: string;
}

export const chainPages: ChainPage[] = [
  { path: '', title: 'Graph', icon: 'graph', load: () => import('./graph') },
  { path: 'call', title: 'Call', icon: 'call', load: () => import('./call') },
  {
    path: 'deployments',
    title: 'Deployments',
    icon: 'deployments',
    load: () => import('./deployments'),
  },
  { path: 'logs', title: 'Logs', icon: 'logs', load: () => import('./logs') },
  { path: 'traces', title: 'Traces', icon: 'traces', load: () => import('./traces') },
  {
    path: 'recordings',
    title: 'Recordings',
    icon: 'recordings',
    load: () => import('./recordings'),
  },
  { path: 'scaling', title: 'Settings', icon: 'settings', load: () => import('./scaling') },
];

export const globalPages: GlobalPage[] = [
  { path: '/', title: 'Overview', icon: 'chains', nav: true, load: () => import('./overview') },
  {
    path: '/traces',
    title: 'All traces',
    icon: 'traces',
    nav: true,
    load: () => import('./traces/all'),
  },
  { path: '/trace/:id', title: 'Trace', icon: 'traces', load: () => import('./traces/one') },
  {
    path: '/settings',
    title: 'Keys and audit',
    icon: 'key',
    nav: true,
    load: () => import('./settings'),
  },
];
