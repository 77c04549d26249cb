// PanFirewall: the schema of its status.

import { z } from 'zod';
import { conditions, count, observedGeneration } from './status.ts';

const heldPlan = z.object({
  plan: z.string().describe('The name of the plan, for approval.'),
  addresses: count('How many addresses would lose tags.'),
  of: count('How many addresses carried tags of ours when the ten minutes began in which it was held.'),
  causes: z
    .array(
      z.object({
        kind: z
          .string()
          .describe(
            'PanTagPolicy, ClusterPanTagPolicy, Namespace or PanFirewall; Pod: Pods that a list left out; Table: tags on the ' +
              'device that nobody claims, such as what was left before this operator knew the table.',
          ),
        name: z
          .string()
          .optional()
          .describe('The object, a PanTagPolicy as <namespace>/<name>; absent for Pod and Table.'),
        change: z.string().describe('edited, deleted, missing (a list left the object out) or unclaimed.'),
        addresses: count('How many of the addresses lose tags because of it.'),
      }),
    )
    .meta({
      description: 'Which changes took the tags away, those with the most addresses first, at most 5.',
      'x-kubernetes-list-type': 'atomic',
    }),
  examples: z.array(z.string()).meta({
    description: 'Some of the removals, as <address> <tag>.',
    'x-kubernetes-list-type': 'atomic',
  }),
  since: z.string().meta({ format: 'date-time' }).describe('When they were held.'),
});

const guardWindowEntry = z.object({
  at: z.string().meta({ format: 'date-time' }).describe('When the last of them went.'),
  addresses: count('How many addresses lost tags.'),
  owned: count('How many addresses carried tags of ours before the first of them went.'),
});

const tableStatus = z.object({
  serial: z
    .string()
    .optional()
    .describe("The firewall behind the Panorama; absent for the endpoint's own tables."),
  vsys: z.string().optional().describe('The virtual system; absent where the spec names none.'),
  deviceGroup: z.string().optional().describe('The device group that holds the firewall.'),
  listedGroup: z
    .string()
    .optional()
    .describe(
      'The device group of spec.tables that it was found below, where that is another one than deviceGroup.',
    ),
  state: z
    .string()
    .describe(
      'The state of the table: InSync, Progressing, or the reason why it is neither; Departed when its firewall has left ' +
        'the device group: the table is as it was, and not kept.',
    ),
  owned: count('Addresses that carry at least one tag of ours, the ownership mark not counted.'),
  foreign: count('Addresses that carry only tags of others. They are never touched.'),
  pending: count('Addresses whose change the device has not confirmed yet.'),
  capacity: count(
    'Addresses that the device of the table takes, over all its virtual systems and clients, where that is known.',
  ).optional(),
  held: z
    .array(heldPlan)
    .optional()
    .meta({
      description:
        'Removals that spec.removalGuard holds, oldest plan first, at most 10 of them. A plan is released by kubectl annotate ' +
        'panfw <name> pantag.io/approve-removals=<plan>, and shrinks as its cause is undone. Meanwhile other guarded removals of ' +
        'the namespaces that it touches wait, and nothing else.',
      'x-kubernetes-list-type': 'atomic',
    }),
  guardWindow: z
    .array(guardWindowEntry)
    .optional()
    .meta({
      description:
        'Guarded removals that went without approval, minute by minute: what spec.removalGuard counts within ten minutes. It ' +
        'lets the count outlive a restart; entries that are older stay until something new is judged.',
      'x-kubernetes-list-type': 'atomic',
    }),
  plan: z
    .object({
      register: count('(address, tag) pairs that would be registered.'),
      unregister: count(
        '(address, tag) pairs that would be unregistered, counted as if every removal were let through: in Enforce some ' +
          'of them may first wait for complete information, or for approval by spec.removalGuard.',
      ),
      examples: z.array(z.string()).meta({
        description: 'Some of them, as unregister <address> <tag> and register <address> <tag>.',
        'x-kubernetes-list-type': 'atomic',
      }),
    })
    .optional()
    .describe('In mode Observe: what would be sent to make the table equal to the desired tags.'),
  registrationTimeoutSeconds: count(
    'The shortest timeout that tags of ours may carry on the device, in seconds; while spec.registrationTimeoutSeconds is ' +
      'being changed, that of before counts, too. Absent: none carries any.',
  ).optional(),
  establishedOn: z
    .string()
    .optional()
    .describe(
      'The serial of the device (its endpoint, where it has none) whose table this PanFirewall keeps. If the device of another ' +
        'PanFirewall says the same serial, this one goes on writing and the other one does not, whichever is older.',
    ),
  establishedEndpoint: z
    .string()
    .optional()
    .describe(
      'spec.endpoint when establishedOn was noted. While it is the same, no other PanFirewall writes to the table when the device gives no answer.',
    ),
  message: z.string().optional().describe('The cause in a sentence, with the next step, where there is one.'),
});

export const panFirewallStatus = z
  .object({
    observedGeneration: observedGeneration().optional(),
    conditions: conditions(
      'Ready: every table equals the desired tags. Reconciling or Stalled when they apply.',
    ).optional(),
    device: z
      .object({
        model: z.string().describe('Such as PA-VM.'),
        serial: z.string().describe('The serial number.'),
        swVersion: z.string().describe('The PAN-OS version, such as 11.1.4.'),
      })
      .optional()
      .describe('What the device says about itself.'),
    owned: count('Addresses that carry at least one tag of ours, over all tables.').optional(),
    pending: count('Addresses whose change the device has not confirmed yet, over all tables.').optional(),
    tables: z
      .array(tableStatus)
      .optional()
      .meta({ description: 'One entry for each table.', 'x-kubernetes-list-type': 'atomic' }),
  })
  .describe('Observed state. Written by the operator only.');

export type PanFirewallStatus = z.output<typeof panFirewallStatus>;
