import Checkpoints
import FileSupport
import Tensors
import Testing

@Suite struct ShardedTests {
  let folder = TemporaryFolder()

  private func shard(_ name: String, tensor: String, value: UInt8) throws {
    let header = #"{"\#(tensor)":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
    let length = [UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7)
    _ = try folder.write(length + Array(header.utf8) + [value], to: name)
  }

  private func open(_ map: String) throws -> Checkpoint {
    let json = #"{"metadata":{"total_size":2},"weight_map":{\#(map)}}"#
    return try Checkpoint.open(folder.write(json, to: "model.safetensors.index.json"))
  }

  init() throws {
    try shard("1.safetensors", tensor: "a", value: 1)
    try shard("2.safetensors", tensor: "b", value: 2)
  }

  @Test func gathersTheTensorsOfAllShards() throws {
    let checkpoint = try open(#""a":"1.safetensors","b":"2.safetensors""#)
    #expect(checkpoint.format == .shardedSafetensors)
    #expect(checkpoint.tensors["a"]?.float32Values() == [1])
    #expect(checkpoint.tensors["b"]?.float32Values() == [2])
    #expect(checkpoint.sources.count == 3)
  }

  @Test(arguments: [
    (#""a":"1.safetensors","c":"2.safetensors""#, "b"),
    (#""a":"1.safetensors","b":"1.safetensors""#, "weight_map"),
    (#""a":"1.safetensors","a":"1.safetensors""#, "weight_map.a"),
    (#""a":"../1.safetensors""#, "weight_map.a"), (#""a":"/etc/passwd""#, "weight_map.a"),
    (#""a":"..""#, "weight_map.a"), (#""a":1"#, "weight_map.a"), (#""a":"none""#, "file"),
    (#""b":"1.safetensors""#, "a"),
  ])
  func namesWhatDoesNotFit(map: String, field: String) {
    let error = #expect(throws: InputError.self) { try open(map) }
    #expect(error?.field == field, "\(error?.description ?? "")")
  }

  @Test func shardsAreRecognisedToo() throws {
    _ = try folder.write("version https://git-lfs.github.com/spec/v1\n", to: "1.safetensors")
    let error = #expect(throws: InputError.self) { try open(#""a":"1.safetensors""#) }
    #expect(error?.found.contains("Git LFS") == true)
  }

  @Test func anyOtherJSONIsNoIndex() throws {
    let path = try folder.write(#"{"architectures":["ViT"]}"#, to: "config.json")
    let error = #expect(throws: InputError.self) { try Checkpoint.open(path) }
    #expect(error?.field == "weight_map")
  }

  @Test func aFolderStandsForItsCheckpoint() throws {
    _ = try open(#""a":"1.safetensors","b":"2.safetensors""#)
    _ = try folder.write(#"{"num_heads":3}"#, to: "config.json")
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.tensors.count == 2)
    #expect(checkpoint.config?.json["num_heads"]?.integer == 3)
    #expect(checkpoint.preprocessorConfig == nil)
  }
}
