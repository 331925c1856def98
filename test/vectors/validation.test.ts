import { run } from './validation.ts';
import { vectorTest } from './vector-test.ts';

vectorTest('validation.json', run);
