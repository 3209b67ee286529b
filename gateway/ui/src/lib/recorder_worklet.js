// Runs on the browser's audio thread: hands samples on, in pieces of about a tenth of a second.
// It is JavaScript, and a file of its own, since that is what audioWorklet.addModule() loads.
const PIECE = 1600;

class RecorderProcessor extends AudioWorkletProcessor {
  piece = new Float32Array(PIECE);
  filled = 0;

  process(inputs) {
    const samples = inputs[0]?.[0];
    if (!samples) return true;
    for (const sample of samples) {
      this.piece[this.filled++] = sample;
      if (this.filled === PIECE) {
        this.port.postMessage(this.piece, [this.piece.buffer]);
        this.piece = new Float32Array(PIECE);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('recorder', RecorderProcessor);
