package inbox

// CrashAt makes f hear of every crash point; nil ends that.
func CrashAt(f func(name string)) {
	if f == nil {
		crash.Store(nil)
		return
	}
	crash.Store(&f)
}

// Writing reports whether somebody writes notifications at this moment.
func (i *Inbox) Writing() bool {
	i.queue.mu.Lock()
	defer i.queue.mu.Unlock()
	return i.queue.writing && len(i.queue.waiting) == 0
}
