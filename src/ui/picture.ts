/** The camera's picture for a page: small enough to send often, and only when there is a newer one. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { greyPng, shrink } from "./png.ts";
import type { CameraFrame } from "./ports.ts";

/**
 * Answers with the frame as a grey PNG at most `maxWidth` wide and its number in `x-frame`; with
 * 204 when there is none or when `?after=` already names it.
 */
export async function sendPicture(
  request: FastifyRequest,
  reply: FastifyReply,
  frame: CameraFrame | undefined,
  maxWidth: number,
): Promise<FastifyReply> {
  if (frame === undefined) return reply.code(204).send();
  const after = new URL(request.url, "http://unit").searchParams.get("after");
  reply.header("x-frame", String(frame.sequence));
  if (after === String(frame.sequence)) return reply.code(204).send();
  const { width, height, luminance } = shrink(frame, maxWidth);
  return reply.type("image/png").send(greyPng(width, height, luminance));
}
