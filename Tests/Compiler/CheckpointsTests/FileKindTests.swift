import Checkpoints
import FileSupport
import Tensors
import Testing

@Suite struct FileKindTests {
  let folder = TemporaryFolder()

  private func refusal(_ bytes: [UInt8], name: String = "model.safetensors") throws -> InputError? {
    let path = try folder.write(bytes, to: name)
    return #expect(throws: InputError.self) { try Checkpoint.open(path) }
  }

  private func refusal(_ text: String) throws -> InputError? { try refusal(Array(text.utf8)) }

  @Test func recognisesWhatIsNoCheckpointAndSaysTheRemedy() throws {
    let lfs = try refusal("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    #expect(lfs?.found.contains("git lfs pull") == true)
    for page in ["<!DOCTYPE html><html>", "\n  <html>", "<?xml version=\"1.0\"?>"] {
      #expect(try refusal(page)?.found.contains("HTML") == true)
    }
    for pickle: [UInt8] in [
      [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20], [0x80, 0x04, 0x95, 0, 0, 0],
    ] {
      let error = try refusal(pickle)
      #expect(error?.found.contains("pickle") == true)
      #expect(error?.found.contains("tools/pth_to_safetensors.py \(folder.path)") == true)
    }
    #expect(try refusal([0x1F, 0x8B, 8, 0, 0, 0, 0, 0])?.found.contains("gzip") == true)
    var tar = [UInt8](repeating: 0x61, count: 512)
    tar.replaceSubrange(257..<262, with: Array("ustar".utf8))
    #expect(try refusal(tar)?.found.contains("tar") == true)
  }

  @Test func aFolderWithoutACheckpointNamesThePickleInIt() throws {
    _ = try folder.write([0x80, 0x02], to: "pytorch_model.bin")
    let error = #expect(throws: InputError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.found.contains("tools/pth_to_safetensors.py") == true)
  }

  @Test func aFolderWithSeveralCheckpointsNamesThem() throws {
    _ = try folder.write("", to: "a.safetensors")
    _ = try folder.write("", to: "b.onnx")
    let error = #expect(throws: InputError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.found == "a.safetensors, b.onnx")
  }

  @Test func pathsThatAreNoRegularFilesAreRefused() {
    #expect(makeFIFO("\(folder.path)/fifo"))
    for path in ["\(folder.path)/fifo", "\(folder.path)/none", "/dev/zero", ""] {
      #expect(throws: InputError.self) { try Checkpoint.open(path) }
    }
  }
}
