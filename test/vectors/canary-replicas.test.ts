import { run } from './canary-replicas.ts';
import { vectorTest } from './vector-test.ts';

vectorTest('canary-replicas.json', run);
