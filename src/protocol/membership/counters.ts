// What membership counts, by the names people see in metrics.

export function zeroCounters() {
  return {
    membership_probes_sent_total: 0,
    membership_probes_failed_total: 0,
    membership_probes_relayed_total: 0,
    membership_suspicions_total: 0,
    membership_deaths_total: 0,
    membership_refutations_total: 0,
    membership_contacts_total: 0,
    membership_members_refused_total: 0,
    membership_unknown_senders_total: 0,
  };
}

export type Counters = ReturnType<typeof zeroCounters>;
