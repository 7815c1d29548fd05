export type Phase = "Downloading" | "Verifying" | "Unpacking";

/** Told what an installation does, for someone who waits. */
export interface InstallObserver {
  /** `done` of `total` bytes. */
  progress(phase: Phase, done: number, total: number): void;
  notice(text: string): void;
}
