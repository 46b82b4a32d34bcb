"""What other programs read: TensorBoard's event files, ONNX, a hub's model card, and a script.

The script repeats a training with Keras alone.
"""
