/** Every topic a unit uses, as one table. */

/** Topics of one unit under `<root>/1/<district>/<unit>`; the number is the layout's version. */
export function topicsOf(root: string, district: string, unitId: string) {
  const base = `${root}/1/${district}/${unitId}`;
  return {
    /** Records, QoS 1, CloudEvents JSON. */
    events: `${base}/evt`,
    /** Birth and will, retained. */
    state: `${base}/state`,
    /** What the collector has committed. */
    acknowledgements: `${base}/ack`,
    /** Signed commands, one topic a name. */
    commands: `${base}/cmd/+`,
    commandResults: `${base}/cmdres`,
  };
}

export type Topics = ReturnType<typeof topicsOf>;
