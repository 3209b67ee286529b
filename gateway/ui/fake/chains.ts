// The chains' own paths: "/chains/hello/production/run_remote", "…/openapi.json".

/** Undefined: it is no path of a chain. */
export async function chainPath(_path: string, _request: Request): Promise<Response | undefined> {
  return undefined;
}
