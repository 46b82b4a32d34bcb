"""What other programs read: TensorBoard's event files, ONNX, and the model card of a hub."""
