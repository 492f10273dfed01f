// The running actors.
import { Tree } from "./tree";

export default function Runtime() {
  return <Tree />;
}
