@0x86a7ca351fa1f6e0;
# What a parent process says to the child that it spawned. Ours alone: its methods stand in an interface with an
# id of its own, so that they never collide with ordinals that upstream gives out.

using Init = import "init.capnp";

struct Setting {
  # One of the parent's logging settings, spelled as the option of that name.

  name @0 :Text;
  value @1 :Text;
}

interface Child extends(Init.Init) {
  # The bootstrap capability of a spawned process.

  configureLogging @0 (settings :List(Setting)) -> ();
  # Makes the child log where its parent does. At most once, before `construct`.
}
