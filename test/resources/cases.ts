// All manifests on which zod and the API server must agree.

import { badFirewalls, goodFirewalls } from './firewall-cases.ts';
import { badPolicies, goodPolicies } from './policy-cases.ts';
import { badTags, goodTags } from './tag-cases.ts';

export const goodCases = [...goodFirewalls, ...goodPolicies, ...goodTags];
export const badCases = [...badFirewalls, ...badPolicies, ...badTags];
