import { SALESFORCE, salesforceTarget } from './salesforce.ts';
import { contract } from './suite.ts';

contract('salesforce', { can: SALESFORCE, hasTypes: true, hasFaults: true }, salesforceTarget);
