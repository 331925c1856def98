import { run } from './promql.ts';
import { vectorTest } from './vector-test.ts';

vectorTest('promql.json', run);
