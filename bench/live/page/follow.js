// Keeps a box that scrolls at its newest line, unless its user has scrolled up: whatever is added or goes, however
// the box or the lines in it change their size.

const NEAR = 30; // pixels from the end that count as the end

export class Follower {
  constructor(box) {
    this.box = box;
    this.following = true;
    this.top = 0;
    box.addEventListener("scroll", () => this.scrolled());
    new ResizeObserver(() => this.changed()).observe(box);
  }

  // The box was scrolled: by its user, by `changed`, or because there is less to scroll. Only users scroll up and
  // then are not at the end.
  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.box;
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.top = scrollTop;
  }

  // What is in the box, or its size, has changed.
  changed() {
    if (this.following) this.box.scrollTop = this.box.scrollHeight;
  }
}
