// What a rollout costs the API server.
import { type Cost, costs } from '../test/sim/requests.ts';
import type { Figure, Measurement } from './figure.ts';

const DEFAULT_DELAY_MS = 5000;
/** What the reference needs for the same rollout, Events left out. */
const REFERENCE = { create: 9.4, update: 21.2 };

function figuresOf(what: 'create' | 'update', { requests, events, by }: Cost): readonly Figure[] {
  const ratio = requests / REFERENCE[what];
  return [
    {
      name: `requests per ${what}`,
      value: requests,
      unit: '',
      against: { what: 'the reference', ratio },
    },
    ...[...by].map(([name, value]) => ({ name: `${what}: ${name}`, value, unit: '' })),
    { name: `Events per ${what}`, value: events, unit: '' },
  ];
}

export const REQUESTS: Measurement = {
  name: 'requests',
  how:
    'One rollout (Istio subsets, two replicas, steps of 20, 50 and 80 percent, old pods kept for a second) on the virtual ' +
    'clock with the default propagation delay: all requests of the controller but watches and Events.',
  measure: async () => {
    const { create, update } = await costs(DEFAULT_DELAY_MS);
    return [...figuresOf('create', create), ...figuresOf('update', update)];
  },
};
