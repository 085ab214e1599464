// SPDX-License-Identifier: Apache-2.0
// What an editor says comes back to it as its value, a moment later, when somebody may have typed on.

/** Tells a value that comes from elsewhere from one that the editor itself said before. */
export class Echoes {
  private said: string[] = [];

  /** The editor's text has changed. */
  say(text: string): void {
    this.said.push(text);
  }

  /** Whether a value that arrives is nothing new; whatever was said before it is not waited for any more. */
  isEcho(text: string): boolean {
    const at = this.said.indexOf(text);
    this.said = at < 0 ? [] : this.said.slice(at + 1);
    return at >= 0;
  }
}
