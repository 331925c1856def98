import { vectorTest } from './vector-test.ts';
import { run } from './conditions.ts';

vectorTest('conditions.json', run);
