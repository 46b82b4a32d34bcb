"""Batch normalisation as one operation while a network learns.

Keras builds it of a dozen small operations, each of which reads or writes a whole feature map, and
on a CPU that is a quarter of a step of `accurate`. TensorFlow's own operation does the same sums.
"""


def fuse_batch_norm(model):
    """Copy a network so that its batch normalisation is one operation a layer where it learns.

    As TensorFlow's kernel does, the running variance takes n / (n - 1) times a batch's. Only to
    learn with: give the weights to a network of Keras' own layers before it is saved.
    """
    import tensorflow as tf
    from keras import layers, models

    class Fused(layers.BatchNormalization):
        def call(self, inputs, training=None, mask=None):
            if not training or len(inputs.shape) != 4:  # it takes pictures only
                return super().call(inputs, training=training, mask=mask)
            outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
            )
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + batch * (1 - self.momentum))
            return outputs

    def same(layer):
        kind = Fused if type(layer) is layers.BatchNormalization else type(layer)
        return kind.from_config(layer.get_config())

    network = models.clone_model(model, clone_function=same)
    network.set_weights(model.get_weights())
    return network
