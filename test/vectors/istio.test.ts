import { run } from './istio.ts';
import { vectorTest } from './vector-test.ts';

vectorTest('istio.json', run);
