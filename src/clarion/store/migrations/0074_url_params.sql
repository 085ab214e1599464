-- What is added to the links of messages, such as utm_campaign.
ALTER TABLE workspace ADD COLUMN url_params text; -- JSON, names and Liquid values; null: none
