/** Where an endpoint is served: at the root as API Manager's gateway and key manager do, and for one organization. */
export const endpointPaths = (endpoint: string): string[] => [
  `/${endpoint}`,
  `/oauth2/${endpoint}`,
  `/t/:orgkey/${endpoint}`,
  `/t/:orgkey/oauth2/${endpoint}`,
];
