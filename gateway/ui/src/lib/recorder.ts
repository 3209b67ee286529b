// A microphone as a WAV file: samples come from an AudioWorklet, off the page's thread.
//
//     const recorder = await Recorder.start((level) => meter.value = level);
//     const file = await recorder.stop();

import workletUrl from './recorder_worklet.js?url';
import { encodeWav, join, loudness } from './wav';

const SAMPLING_RATE = 16_000; // what speech recognizers want; browsers resample
const MOST_SECONDS = 600;

export class Recorder {
  private pieces: Float32Array[] = [];
  private samples = 0;

  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
  ) {}

  /** Asks for the microphone. Throws an Error that says what to do where there is none. */
  static async start(onPiece: (level: number, seconds: number) => void): Promise<Recorder> {
    if (!navigator.mediaDevices)
      throw new Error('Browsers give pages a microphone over https:// or on localhost only');
    const stream = await navigator.mediaDevices
      .getUserMedia({ audio: { channelCount: 1 } })
      .catch((error: DOMException) => {
        throw new Error(
          error.name === 'NotAllowedError'
            ? 'The browser was not allowed to use the microphone'
            : `No microphone: ${error.message}`,
        );
      });
    const context = new AudioContext({ sampleRate: SAMPLING_RATE });
    const recorder = new Recorder(stream, context);
    try {
      await context.audioWorklet.addModule(workletUrl);
      const node = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
      node.port.onmessage = (event: MessageEvent<Float32Array>) =>
        recorder.take(event.data, onPiece);
      context.createMediaStreamSource(stream).connect(node);
    } catch (error) {
      await recorder.release();
      throw error;
    }
    return recorder;
  }

  private take(piece: Float32Array, onPiece: (level: number, seconds: number) => void): void {
    if (this.seconds >= MOST_SECONDS) return;
    this.pieces.push(piece);
    this.samples += piece.length;
    onPiece(loudness(piece), this.seconds);
  }

  get seconds(): number {
    return this.samples / this.context.sampleRate;
  }

  async stop(): Promise<File> {
    const rate = this.context.sampleRate;
    await this.release();
    const wav = encodeWav(join(this.pieces), rate);
    const time = new Date().toISOString().slice(0, 19).replace(/[T:]/g, '-');
    return new File([wav], `recording-${time}.wav`, { type: 'audio/wav' });
  }

  /** Without a file. */
  async release(): Promise<void> {
    for (const track of this.stream.getTracks()) track.stop();
    if (this.context.state !== 'closed') await this.context.close();
  }
}
