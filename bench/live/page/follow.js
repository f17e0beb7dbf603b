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
  // then are not at the end; but the page may have been laid out anew since it was told, and lines broken again.
  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.box;
    const laidOutAnew = scrollHeight !== this.height || clientHeight !== this.room;
    if (laidOutAnew && this.following) this.changed();
    else if (scrollHeight - scrollTop - clientHeight < NEAR) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.note();
  }

  note() {
    this.top = this.box.scrollTop;
    this.height = this.box.scrollHeight;
    this.room = this.box.clientHeight;
  }

  // What is in the box, or its size, has changed.
  changed() {
    if (this.following) this.box.scrollTop = this.box.scrollHeight;
    this.height = this.box.scrollHeight;
    this.room = this.box.clientHeight;
  }
}
