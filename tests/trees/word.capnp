# A message that the capnp program compiles.
@0xe0a3a9b8b4f6d7c1;

struct Word {
  text @0 :Text;
}
