"""From a picture's bytes to an answer: LiteRT, test-time augmentation, calibration, rejection.

Offers `answer.answer_bytes`. Never imports TensorFlow.
"""
