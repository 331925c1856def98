// The three kinds of plugins: what tells them apart before they are asked anything.

export type PluginKind = 'metric' | 'step' | 'router';

interface KindNames {
  /** Value of the environment variable by which a plugin knows that it was started as this kind. */
  readonly cookie: string;
  /** Under which its server is known in the program. */
  readonly service: string;
  /** Member of the ConfigMap that lists plugins of this kind. */
  readonly setting: string;
  /** What the reference calls it in messages. */
  readonly label: string;
  readonly plural: string;
}

export const PLUGIN_KINDS: Readonly<Record<PluginKind, KindNames>> = {
  metric: {
    cookie: 'metricprovider',
    service: 'RpcMetricProviderPlugin',
    setting: 'metricProviderPlugins',
    label: 'metric',
    plural: 'metric provider plugins',
  },
  step: {
    cookie: 'step',
    service: 'RpcStepPlugin',
    setting: 'stepPlugins',
    label: 'step',
    plural: 'step plugins',
  },
  router: {
    cookie: 'trafficrouter',
    service: 'RpcTrafficRouterPlugin',
    setting: 'trafficRouterPlugins',
    label: 'traffic router',
    plural: 'traffic router plugins',
  },
};
