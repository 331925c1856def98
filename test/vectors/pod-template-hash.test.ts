import { run } from './pod-template-hash.ts';
import { vectorTest } from './vector-test.ts';

vectorTest('pod-template-hash.json', run);
