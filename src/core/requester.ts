/** Who waits for an answer: a signed command, or staff with the event of this reference. */
export type Requester = { commandId: string } | { requestRef: string };
