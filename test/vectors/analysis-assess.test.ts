import { run } from './analysis-assess.ts';
import { vectorTest } from './vector-test.ts';

vectorTest('analysis-assess.json', run);
