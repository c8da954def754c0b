/** The camera contract: raw frames as bytes in a pipe, unaligned and padded as real cameras give them. */

/** How the bytes of one frame lie. Luminance is the first `height` rows of `stride` bytes. */
export interface FrameGeometry {
  /** Visible columns. */
  width: number;
  height: number;
  /** Bytes from one row to the next, ≥ width; the rest of a row is padding. */
  stride: number;
  /** `gray8`: stride·height bytes a frame; `i420`: half as many chroma bytes behind them. */
  layout: "gray8" | "i420";
}

/** Bytes one frame takes in the stream. */
export function frameBytes(geometry: FrameGeometry): number {
  const luminance = geometry.stride * geometry.height;
  return geometry.layout === "i420" ? luminance + luminance / 2 : luminance;
}

/** Exposure control: longer or shorter than the camera's automatic choice. */
export interface CameraControls {
  /** Stops (powers of two) away from the automatic exposure; 0 lets it be. */
  exposureBias: number;
}

/**
 * An open camera. Chunks are not aligned to frames. Frames follow one another without headers, so
 * a reader that loses count has lost the stream: close and open again.
 */
export interface CameraConnection {
  readonly geometry: FrameGeometry;
  /**
   * One listener; it must keep draining, because a full pipe stalls the camera. A chunk is only
   * lent: it may be overwritten as soon as the listener returns.
   */
  onData(listener: (chunk: Uint8Array) => void): void;
  /** Called once: with an error when the camera died, without one after `close()`. */
  onClose(listener: (error?: Error) => void): void;
  /** Absent where the camera has no such control. */
  control?(controls: CameraControls): Promise<void>;
  /**
   * Resolves within a few seconds, also where the camera hangs; it then opens again only once that is
   * over (`busy` until then).
   */
  close(): Promise<void>;
}

/** A camera that can be opened; rejects with `absent`, `busy` or `denied`. */
export interface CameraHost {
  readonly name: string;
  open(): Promise<CameraConnection>;
}
