// Listing, promoting, rolling back, scaling: on what world.ts holds.
import type {
  Deployment,
  DeploymentRequest,
  Environment,
  PromoteRequest,
  SetScalingRequest,
} from '../src/api/gen/v1';
import { Refusal } from './http';
import { audit } from './keys';
import type { Handler } from './methods';
import { deployments, environments, settle, versions } from './world';

/** The deployment that a request is about. */
export function find(of: Partial<DeploymentRequest> = {}): Deployment {
  const name = of.environment || 'production';
  const id =
    of.deployment || environments.find((e) => e.chain === of.chain && e.name === name)?.deployment;
  const found = deployments.find((one) => one.id === id);
  if (!found)
    throw new Refusal('NOT_FOUND', `${of.chain ?? ''} has no deployment ${of.deployment || name}.`);
  return found;
}

function environmentOf(chain: string, name: string): Environment {
  const found = environments.find((one) => one.chain === chain && one.name === name);
  if (!found) throw new Refusal('NOT_FOUND', `${chain} has no environment ${name}.`);
  return found;
}

function promote(request: PromoteRequest) {
  const to = find({ deployment: request.deployment });
  const environment = environmentOf(to.chain, request.environment || 'production');
  const before = deployments.find((one) => one.id === environment.deployment);
  const breaks = (versions.get(to.id) ?? 0) > 2 && (versions.get(before?.id ?? '') ?? 0) <= 2;
  if (breaks && !request.breaking) {
    throw new Refusal(
      'FAILED_PRECONDITION',
      `${to.entrypoint}: field "greeting" of HelloAllRequest was removed; callers that send it break. Set breaking to go on.`,
    );
  }
  if (request.canary_percent > 0) {
    environment.canary = {
      deployment: to.id,
      percent: request.canary_percent,
      abort_above_percent: request.abort_above_percent || 5,
    };
  } else {
    environment.previous = environment.deployment;
    environment.deployment = to.id;
    environment.canary = null;
  }
  to.state = 'DEPLOYMENT_ACTIVE';
  settle();
  audit('Promote', request);
  return { deployment: to, environment: environment.name, previous: before?.id ?? '' };
}

function rollback(request: { chain: string; environment?: string }) {
  const environment = environmentOf(request.chain, request.environment || 'production');
  if (environment.canary) {
    environment.canary = null;
  } else {
    if (!environment.previous)
      throw new Refusal('FAILED_PRECONDITION', 'There is nothing before it.');
    const now = environment.deployment;
    environment.deployment = environment.previous;
    environment.previous = now;
  }
  settle();
  audit('Rollback', request);
  const deployment = find({ deployment: environment.deployment });
  return { deployment, environment: environment.name, previous: environment.previous };
}

function setScaling(request: SetScalingRequest) {
  const of = find(request);
  const short = request.chainlet.split('.').pop();
  for (const one of of.chainlets) {
    if (request.chainlet && one.display_name !== short) continue;
    const { cpus, memory_bytes, ...scaling } = request.change ?? {};
    if ((scaling.min_replica ?? 0) > (scaling.max_replica ?? 99)) {
      throw new Refusal(
        'INVALID_ARGUMENT',
        `${one.chainlet}: min_replica ${scaling.min_replica} is above max_replica ${scaling.max_replica}.`,
      );
    }
    if (one.autoscaling) Object.assign(one.autoscaling, scaling);
    if (one.resources && cpus) one.resources.cpus = cpus;
    if (one.resources && memory_bytes) one.resources.memory_bytes = memory_bytes;
  }
  audit('SetScaling', request);
  return { deployment: of };
}

function turn(state: Deployment['state'], method: string): Handler {
  return (request: DeploymentRequest) => {
    const of = find(request);
    of.state = state;
    audit(method, request);
    return { deployment: of };
  };
}

function remove(request: DeploymentRequest) {
  const of = find(request);
  if (of.environments.length > 0) {
    throw new Refusal(
      'FAILED_PRECONDITION',
      `${of.id}: ${of.environments[0]} points at it. Promote another first.`,
    );
  }
  deployments.splice(deployments.indexOf(of), 1);
  audit('Delete', request);
  return {};
}

const listed = (one: Deployment) => ({ ...one, manifest: null });

export const deploymentMethods: Record<string, Handler> = {
  About: () => ({
    version: '0.9.0',
    fleet: 'local',
    gateway: 'http://127.0.0.1:8080',
    grpc: '127.0.0.1:8081',
  }),
  List: ({ chain = '' }) => ({
    deployments: deployments.filter((one) => !chain || one.chain === chain).map(listed),
    environments: environments.filter((one) => !chain || one.chain === chain),
  }),
  Status: (request) => ({ deployment: find(request) }),
  Promote: promote,
  Rollback: rollback,
  SetScaling: setScaling,
  Activate: turn('DEPLOYMENT_ACTIVE', 'Activate'),
  Deactivate: turn('DEPLOYMENT_INACTIVE', 'Deactivate'),
  Wake: turn('DEPLOYMENT_WAKING_UP', 'Wake'),
  Delete: remove,
  ListEnvironments: ({ chain = '' }) => ({
    environments: environments.filter((e) => !chain || e.chain === chain),
  }),
  CreateEnvironment: ({ chain, name }) => {
    if (!/^[a-z][a-z0-9-]*$/.test(name))
      throw new Refusal(
        'INVALID_ARGUMENT',
        `'${name}' is no name: lower-case letters, digits and '-'.`,
      );
    if (environments.some((e) => e.chain === chain && e.name === name))
      throw new Refusal('ALREADY_EXISTS', `${chain} has ${name} already.`);
    const made: Environment = { chain, name, deployment: '', previous: '', scaling: {} };
    environments.push(made);
    audit('CreateEnvironment', { chain, name });
    return made;
  },
};
