// The PanTagPolicies and ClusterPanTagPolicies as they were last seen, and which of them cannot be relied on.

import { isDeepStrictEqual } from 'node:util';
import { type DefinitionLook, wasDeletedAlone } from '../../core/removals/crd-deletion.ts';
import type { Origin } from '../../core/desired/succession.ts';
import type { PolicyId } from '../../core/model/model.ts';
import { type Scope, scopeOf } from '../../core/model/policy-scope.ts';
import { UnreadablePolicies } from '../../core/removals/unreadable-policies.ts';
import {
  clusterPanTagPolicies,
  objectPath,
  panTagPolicies,
  type ResourceNames,
} from '../../kubernetes/resources/api.ts';
import type { ParsedPolicy } from '../../kubernetes/resources/parse.ts';
import type { FirewallObjectsOptions } from './firewall-objects.ts';

export type PolicyObject = { readonly parsed: ParsedPolicy };

type PolicyObjectsOptions = Omit<FirewallObjectsOptions, 'createWorker' | 'dropAnnotation'> & {
  /** Whether there are policies that cannot be relied on, and could own tags of this scope, is another matter now. */
  readonly knowledgeChanged: (scope: Scope) => void;
};

export class PolicyObjects {
  readonly all = new Map<PolicyId, PolicyObject>();
  readonly #options: PolicyObjectsOptions;
  /** Invalid ones, and those that are gone and may not have been deleted for their own sake. */
  readonly #unreadable = new UnreadablePolicies();

  constructor(options: PolicyObjectsOptions) {
    this.#options = options;
  }

  /** One that cannot be relied on and could own tags of this scope: it counts as there, whatever the cluster shows. */
  unreadableOwner(scope: Scope): PolicyId | undefined {
    return this.#unreadable.ownerOf(scope);
  }

  set(parsed: ParsedPolicy, origin: Origin): void {
    const { desired, statusObserved, knowledgeChanged, changed } = this.#options;
    const { meta } = parsed;
    const id = policyId(meta);
    const before = this.all.get(id)?.parsed;
    this.all.set(id, { parsed });
    if (before !== undefined && sameSpec(before, parsed)) return statusObserved(id, parsed.status);
    const log = this.#options.log.child({ policy: id });
    if (parsed.ok) {
      log.info({ generation: meta.generation }, 'policy accepted');
      desired.setPolicy(parsed.policy, origin);
      if (this.#unreadable.delete(id)) knowledgeChanged(scopeOf(id));
    } else {
      log.warn({ generation: meta.generation, problems: parsed.problems }, 'policy invalid');
      // The gate closes first: an invalid policy must not act like a deletion.
      this.#hold(id, meta.uid);
      desired.withdrawPolicy(id, origin);
    }
    changed(id);
  }

  gone({ meta }: ParsedPolicy, origin: Origin): void {
    const { desired, askDefinition, changed, log } = this.#options;
    const id = policyId(meta);
    // A successor of the same name may have arrived before the end of its predecessor.
    if (this.all.get(id)?.parsed.meta.uid !== meta.uid) return;
    log.info({ policy: id }, 'policy deleted');
    this.all.delete(id);
    // The gate closes first: who deletes a CRD has said nothing about the policies that go with it.
    this.#hold(id, meta.uid);
    desired.deletePolicy(id, origin);
    askDefinition(resourceOf(meta), (look) => this.#judgeGone(meta, look));
    changed(id);
  }

  #judgeGone(meta: ParsedPolicy['meta'], look: DefinitionLook): void {
    const id = policyId(meta);
    if (wasDeletedAlone(look, meta.createdAt)) {
      if (this.#unreadable.delete(id, meta.uid)) this.#options.knowledgeChanged(scopeOf(id));
    } else if (this.#unreadable.has(id, meta.uid)) {
      const told = 'policy deleted with its CRD, tags kept until it is created again';
      this.#options.log.warn({ policy: id }, told);
    }
  }

  /** Guarded removals of tags that could be this policy's wait. */
  #hold(id: PolicyId, uid: string): void {
    if (this.#unreadable.add(id, uid)) this.#options.knowledgeChanged(scopeOf(id));
  }
}

type Named = { readonly namespace: string | undefined; readonly name: string };

function policyId({ namespace, name }: Named): PolicyId {
  return `${namespace ?? ''}/${name}`;
}

export function policyPath(meta: Named): string {
  return objectPath(resourceOf(meta), meta.name, meta.namespace);
}

function resourceOf({ namespace }: Pick<Named, 'namespace'>): ResourceNames {
  return namespace === undefined ? clusterPanTagPolicies : panTagPolicies;
}

/** Only the status moved. The generation alone does not tell: a restored etcd gives it a second time. */
function sameSpec(a: ParsedPolicy, b: ParsedPolicy): boolean {
  const { uid, generation } = a.meta;
  return uid === b.meta.uid && generation === b.meta.generation && isDeepStrictEqual(saidBy(a), saidBy(b));
}

function saidBy(parsed: ParsedPolicy): unknown {
  return parsed.ok ? parsed.policy : parsed.problems;
}
