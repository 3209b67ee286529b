// What of a chain a page is about: "hello/production", "hello/development", or a deployment by its id.
import type { Deployment, DeploymentRequest, Environment, ListResponse } from './gen/v1';

export interface Target {
  chain: string;
  /** As in the address: an environment, "development", or a deployment's id. */
  name: string;
  /** For the `of` of requests. */
  of: DeploymentRequest;
  /** Undefined: the environment points nowhere yet. */
  deployment: Deployment | undefined;
  environment: Environment | undefined;
  /** Where its methods are at the gateway: "/chains/hello/production"; empty: nowhere. */
  path: string;
}

/** Undefined: the platform knows no such target. */
export function targetOf(list: ListResponse, chain: string, name: string): Target | undefined {
  const byId = (id: string) => list.deployments.find((one) => one.id === id);
  const environment = list.environments.find((one) => one.chain === chain && one.name === name);
  if (environment) {
    const deployment = byId(environment.deployment);
    const of = { deployment: '', chain, environment: name };
    return { chain, name, of, deployment, environment, path: pathOf(deployment, name) };
  }
  const deployment =
    name === 'development'
      ? list.deployments.find((one) => one.chain === chain && one.development)
      : list.deployments.find((one) => one.chain === chain && one.id === name);
  if (!deployment) return undefined;
  const of = { deployment: deployment.id, chain: '', environment: '' };
  return { chain, name, of, deployment, environment: undefined, path: pathOf(deployment, name) };
}

function pathOf(deployment: Deployment | undefined, name: string): string {
  const paths = deployment?.paths ?? [];
  return paths.find((path) => path.endsWith(`/${name}`)) ?? paths[0] ?? '';
}

/** All targets of a chain, for its menu: environments first, production before the others. */
export function targetNames(list: ListResponse, chain: string): string[] {
  const environments = list.environments
    .filter((one) => one.chain === chain)
    .map((one) => one.name);
  const inOrder = environments.sort(
    (a, b) => Number(b === 'production') - Number(a === 'production') || a.localeCompare(b),
  );
  const development = list.deployments.some((one) => one.chain === chain && one.development);
  return development && !inOrder.includes('development') ? [...inOrder, 'development'] : inOrder;
}

/** Where a chain's page leads first. */
export function firstTarget(list: ListResponse, chain: string): string | undefined {
  const names = targetNames(list, chain);
  const live = names.find((name) => targetOf(list, chain, name)?.deployment);
  return live ?? names[0] ?? list.deployments.find((one) => one.chain === chain)?.id;
}

export function chainNames(list: ListResponse): string[] {
  const names = [...list.deployments.map((d) => d.chain), ...list.environments.map((e) => e.chain)];
  return [...new Set(names)].sort((a, b) => a.localeCompare(b));
}
